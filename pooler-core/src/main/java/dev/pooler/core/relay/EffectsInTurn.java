package dev.pooler.core.relay;

import java.util.List;
import java.util.function.Consumer;

/** What one request changes in many places. */
final class EffectsInTurn implements RequestEffect {
  private final RequestEffect[] effects;

  EffectsInTurn(List<RequestEffect> effects) {
    this.effects = effects.toArray(RequestEffect[]::new);
  }

  @Override
  public void done() {
    each(RequestEffect::done);
  }

  @Override
  public void undone() {
    eachFromTheLast(RequestEffect::undone);
  }

  @Override
  public void failed() {
    eachFromTheLast(RequestEffect::failed);
  }

  @Override
  public void stepped() {
    each(RequestEffect::stepped);
  }

  private void each(Consumer<RequestEffect> what) {
    for (RequestEffect effect : effects) {
      what.accept(effect);
    }
  }

  private void eachFromTheLast(Consumer<RequestEffect> what) {
    for (int i = effects.length - 1; i >= 0; i--) {
      what.accept(effects[i]);
    }
  }
}
