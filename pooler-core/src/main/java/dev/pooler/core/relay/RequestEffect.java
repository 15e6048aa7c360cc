package dev.pooler.core.relay;

import java.util.List;

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

  /** The backend has begun it, and failed: that may have changed something by itself. */
  default void failed() {
    undone();
  }

  /** One of the statements that it asks for has been carried out; whatever the next ones do. */
  default void stepped() {}

  /** Any number of them, one after the other: {@link #and} is no deeper than the stack allows. */
  static RequestEffect inTurn(List<RequestEffect> effects) {
    return effects.isEmpty() ? NONE : new EffectsInTurn(effects);
  }

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

      @Override
      public void failed() {
        next.failed();
        first.failed();
      }

      @Override
      public void stepped() {
        first.stepped();
        next.stepped();
      }
    };
  }
}
