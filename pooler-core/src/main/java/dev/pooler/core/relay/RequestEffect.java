package dev.pooler.core.relay;

/**
 * What a request changes once the backend has carried it out: taken for granted when the request is
 * sent, because others follow it in the same pipeline, and taken back if the backend skipped it.
 */
public interface RequestEffect {
  /** The request was answered without an error. */
  void done();

  /** The backend failed or skipped it. Later effects have been undone before. */
  void undone();

  /** This effect and then another. */
  default RequestEffect and(RequestEffect next) {
    RequestEffect first = this;
    return new RequestEffect() {
      @Override
      public void done() {
        first.done();
        next.done();
      }

      @Override
      public void undone() {
        next.undone();
        first.undone();
      }
    };
  }
}
