package dev.pooler.server.postgres;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** The scenarios of {@code state-scenarios.txt}, and the databases in which they run. */
final class StateScenarios {
  /** A name, and what the session sends, step by step. */
  record Scenario(String name, String database, List<String> steps) {}

  static final String SCHEMA =
      """
      create schema mine;
      create table public.item (which text); create table mine.item (which text);
      insert into public.item values ('public'); insert into mine.item values ('mine');
      create table public.t (i int); create sequence public.numbers; create sequence public.others;
      grant usage on schema public, mine to public;
      grant select on public.item, mine.item to public;
      """;

  /** What leaves something where no text shows it. */
  static final String CODE =
      """
      create function public.sets(v text) returns text language plpgsql as $$
        begin perform set_config('app.a', v, false); perform set_config('work_mem', '9MB', false);
        return v; end $$;
      create function public.locks(k int) returns void language sql as $$
        select pg_advisory_lock(k) $$;
      create function public.locks_and_fails(k int) returns void language plpgsql as $$
        begin perform pg_advisory_lock(k); raise exception 'after all'; end $$;
      create function public.mark() returns trigger language plpgsql as $$
        begin perform set_config('app.b', new.i::text, false); return new; end $$;
      create table public.marked (i int);
      create trigger mark before insert on public.marked
        for each row execute function public.mark();
      create table public.late (i int);
      create constraint trigger late after insert on public.late deferrable initially deferred
        for each row execute function public.mark();
      create procedure public.commits() language plpgsql as $$
        begin set work_mem = '5MB'; commit; set local work_mem = '6MB'; commit;
        set app.c = 'kept'; commit; set app.c = 'lost'; rollback; end $$;
      create function public.with_clause() returns text language plpgsql set work_mem = '3MB' as $$
        begin perform set_config('app.a', 'clause', false);
        return current_setting('work_mem'); end $$;
      create view public.looks as select set_config('app.c', 'looked', false) as v;
      """;

  private StateScenarios() {}

  static List<Scenario> all() throws IOException {
    List<Scenario> all = new ArrayList<>();
    for (String line : text().split("\n", -1)) {
      if (line.startsWith("== ")) {
        String[] words = line.substring(3).split(": ", 2);
        all.add(new Scenario(line.substring(3), "state_" + words[0], new ArrayList<>()));
      } else if (!line.isBlank() && !line.startsWith("#")) {
        all.getLast().steps().add(line);
      }
    }
    return all;
  }

  private static String text() throws IOException {
    try (InputStream in = StateScenarios.class.getResourceAsStream("state-scenarios.txt")) {
      return new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
