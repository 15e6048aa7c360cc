package dev.pooler.core.relay;

/**
 * What a request changes once the backend has carried it out: taken for granted when the request is
 * sent, because others follow it in the same pipeline, and taken back if the backend skipped it.
 */
public interface RequestEffect {
  /** Changes nothing. */
  RequestEffect NONE =
      new RequestEffect() {
        @Override
        public void done() {}

        @Override
        public void undone() {}
      };

  /** The request was answered without an error. */
  void done();

  /** The backend failed or skipped it. Later effects have been undone before. */
  void undone();

  /** This effect and then another. */
  default RequestEffect and(RequestEffect next) {
    RequestEffect first = this;
    if (first == NONE) {
      return next;
    }
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
