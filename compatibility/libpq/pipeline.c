/* libpq's pipeline mode, and its other asynchronous calls: named and unnamed statements, errors between syncs, flush
 * requests, single rows, COPY, cancel, large pipelines in both directions. Connects by libpq's environment variables. */
#include <libpq-fe.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static PGconn *c;

static void say(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vprintf(format, arguments);
  va_end(arguments);
  putchar('\n');
  fflush(stdout);
}

static void must(int ok, const char *what) {
  if (!ok) {
    say("%s: %s", what, PQerrorMessage(c));
    exit(1);
  }
}

static void tell(const char *what, PGresult *r) {
  if (!r) {
    say("%s: (end)", what);
    return;
  }
  ExecStatusType s = PQresultStatus(r);
  const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
  printf("%s: %s %s", what, PQresStatus(s), PQcmdStatus(r));
  if (state) printf(" %s %s", state, PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY));
  for (int row = 0; row < PQntuples(r) && row < 3; row++)
    for (int column = 0; column < PQnfields(r); column++) printf(" [%.40s]", PQgetvalue(r, row, column));
  if (PQntuples(r) > 3) printf(" … %d rows", PQntuples(r));
  putchar('\n');
  fflush(stdout);
  PQclear(r);
}

static void query(const char *text) { tell(text, PQexec(c, text)); }

/* One query's results, to the null that ends them; a sync has none. */
static void results(const char *what) {
  PGresult *r;
  while ((r = PQgetResult(c))) {
    int sync = PQresultStatus(r) == PGRES_PIPELINE_SYNC;
    tell(what, r);
    if (sync) return;
  }
}

static void send(const char *text, const char *value) {
  const char *values[] = {value};
  must(PQsendQueryParams(c, text, value ? 1 : 0, NULL, value ? values : NULL, NULL, NULL, 0), "PQsendQueryParams");
}

static void execute(const char *name, const char *value) {
  const char *values[] = {value};
  must(PQsendQueryPrepared(c, name, 1, values, NULL, NULL, 0), "PQsendQueryPrepared");
}

static void simple_pipeline(void) {
  say("-- a pipeline");
  must(PQenterPipelineMode(c), "PQenterPipelineMode");
  send("begin", NULL);
  send("insert into p values ($1) returning n", "1");
  send("insert into p values ($1) returning n", "2");
  send("commit", NULL);
  must(PQpipelineSync(c), "PQpipelineSync");
  for (int i = 0; i < 4; i++) results("of four");
  results("sync");
  must(PQexitPipelineMode(c), "PQexitPipelineMode");
}

static void prepared_pipeline(void) {
  say("-- prepare, describe, execute and more in one pipeline");
  must(PQenterPipelineMode(c), "enter");
  must(PQsendPrepare(c, "twice", "select $1::int * 2 as double", 0, NULL), "PQsendPrepare");
  must(PQsendDescribePrepared(c, "twice"), "PQsendDescribePrepared");
  execute("twice", "21");
  must(PQpipelineSync(c), "sync");
  execute("twice", "4");
  must(PQsendPrepare(c, "twice", "select 'again'", 0, NULL), "PQsendPrepare");
  execute("twice", "5");
  must(PQpipelineSync(c), "sync");
  execute("twice", "6");
  must(PQpipelineSync(c), "sync");
  const char *expected[] = {"prepare", "describe", "execute", "sync", "execute", "prepare again", "aborted", "sync", "execute", "sync"};
  for (int i = 0; i < 10; i++) results(expected[i]);
  must(PQexitPipelineMode(c), "exit");
  tell("outside the pipeline", PQexecPrepared(c, "twice", 1, (const char *const[]){"7"}, NULL, NULL, 0));
  tell("describe", PQdescribePrepared(c, "twice"));
  tell("describe what isn't", PQdescribePrepared(c, "thrice"));
}

static void errors(void) {
  say("-- errors, and what is skipped behind them");
  must(PQenterPipelineMode(c), "enter");
  send("insert into p values ($1)", "10");
  send("select 1 / $1::int", "0");
  send("insert into p values ($1)", "11");
  must(PQpipelineSync(c), "sync");
  send("select count(*) from p where n >= $1::int", "10");
  must(PQpipelineSync(c), "sync");
  for (int i = 0; i < 3; i++) results("with an error");
  say("status %d", PQpipelineStatus(c));
  results("sync");
  results("what it left");
  results("sync");
  must(PQexitPipelineMode(c), "exit");
}

static void flush_request(void) {
  say("-- a flush request, and the rest later");
  must(PQenterPipelineMode(c), "enter");
  send("select 'first' || $1", "!");
  must(PQsendFlushRequest(c), "PQsendFlushRequest");
  must(PQflush(c) >= 0, "PQflush");
  results("flushed");
  send("insert into p values ($1)", "20");
  must(PQsendFlushRequest(c), "PQsendFlushRequest");
  must(PQflush(c) >= 0, "PQflush");
  results("flushed");
  send("select count(*) from p where n = $1::int", "20");
  must(PQpipelineSync(c), "sync");
  results("synced");
  results("sync");
  must(PQexitPipelineMode(c), "exit");
}

static void large_pipeline(int queries) {
  say("-- %d queries, large values both ways, read while they are written", queries);
  char *value = malloc(20001);
  memset(value, 'v', 20000);
  value[20000] = 0;
  long sent = 0, received = 0, bytes = 0;
  must(PQsetnonblocking(c, 1) == 0 && PQenterPipelineMode(c), "enter");
  must(PQsendPrepare(c, "echo", "select $1::text, $1::text", 0, NULL), "prepare");
  while (received < queries) {
    struct pollfd p = {PQsocket(c), POLLIN | POLLOUT, 0};
    must(poll(&p, 1, 20000) > 0, "poll");
    if (p.revents & POLLIN) must(PQconsumeInput(c), "PQconsumeInput");
    while (sent > received && !PQisBusy(c)) {
      PGresult *r = PQgetResult(c);
      if (!r) continue;
      if (PQresultStatus(r) == PGRES_TUPLES_OK) received++, bytes += PQgetlength(r, 0, 1);
      else if (PQresultStatus(r) != PGRES_COMMAND_OK && PQresultStatus(r) != PGRES_PIPELINE_SYNC) { tell("unexpected", r); exit(1); }
      PQclear(r);
    }
    if (p.revents & POLLOUT && sent < queries && PQflush(c) == 0) {
      execute("echo", value);
      if (++sent % 50 == 0 || sent == queries) must(PQpipelineSync(c), "sync");
    }
    must(PQflush(c) >= 0, "flush");
  }
  must(PQsetnonblocking(c, 0) == 0, "blocking");
  for (PGresult *r; PQpipelineStatus(c) == PQ_PIPELINE_ON && !PQexitPipelineMode(c); PQclear(r)) r = PQgetResult(c);
  say("%ld answers, %ld bytes", received, bytes);
  free(value);
}

static void rows_one_by_one(void) {
  say("-- single rows, in a pipeline too");
  long sum = 0;
  PGresult *r;
  must(PQsendQuery(c, "select generate_series(1, 5000)"), "send");
  must(PQsetSingleRowMode(c), "single");
  while ((r = PQgetResult(c))) {
    if (PQresultStatus(r) == PGRES_SINGLE_TUPLE) sum += atoi(PQgetvalue(r, 0, 0));
    else tell("at the end", PQmakeEmptyPGresult(c, PQresultStatus(r)));
    PQclear(r);
  }
  say("sum %ld", sum);
  must(PQenterPipelineMode(c), "enter");
  send("select generate_series(1, $1::int)", "4");
  must(PQpipelineSync(c), "sync");
  must(PQsetSingleRowMode(c), "single");
  while ((r = PQgetResult(c))) tell("row", r);
  results("sync");
  must(PQexitPipelineMode(c), "exit");
}

static void copy(void) {
  say("-- COPY");
  tell("copy in", PQexec(c, "copy p from stdin"));
  for (int n = 100; n < 5000; n++) {
    char line[20];
    int length = snprintf(line, sizeof line, "%d\n", n);
    must(PQputCopyData(c, line, length) == 1, "PQputCopyData");
  }
  must(PQputCopyEnd(c, NULL) == 1, "PQputCopyEnd");
  results("copied");
  tell("copy in", PQexec(c, "copy p from stdin"));
  must(PQputCopyData(c, "1\n", 2) == 1 && PQputCopyEnd(c, "no, thanks") == 1, "PQputCopyEnd");
  results("refused");
  tell("copy out", PQexec(c, "copy (select n from p order by n) to stdout"));
  char *line;
  long lines = 0, length, bytes = 0;
  while ((length = PQgetCopyData(c, &line, 0)) > 0) {
    lines++, bytes += length;
    PQfreemem(line);
  }
  say("%ld lines, %ld bytes", lines, bytes);
  results("copied");
}

static void cancel(void) {
  say("-- cancel");
  char problem[256];
  PGcancel *handle = PQgetCancel(c);
  must(PQsendQuery(c, "select pg_sleep(20)"), "send");
  struct pollfd p = {PQsocket(c), POLLIN, 0};
  poll(&p, 1, 300);
  must(PQcancel(handle, problem, sizeof problem), problem);
  results("cancelled");
  query("select 'well'");
  must(PQcancel(handle, problem, sizeof problem), problem); /* while idle: hits nothing */
  poll(&p, 1, 100);
  query("select 'still well'");
  must(PQenterPipelineMode(c), "enter");
  send("select pg_sleep($1::int)", "20");
  send("select 'behind ' || $1", "it");
  must(PQpipelineSync(c), "sync");
  must(PQflush(c) == 0, "flush");
  poll(&p, 1, 300);
  must(PQcancel(handle, problem, sizeof problem), problem);
  results("cancelled");
  results("behind");
  results("sync");
  must(PQexitPipelineMode(c), "exit");
  PQfreeCancel(handle);
}

static void quiet(void *argument, const PGresult *notice) {
  say("%s %s: %s", (const char *)argument, PQresultErrorField(notice, PG_DIAG_SEVERITY), PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY));
}

int main(void) {
  c = PQconnectdb("application_name=pipeline");
  must(PQstatus(c) == CONNECTION_OK, "connect");
  PQsetNoticeReceiver(c, quiet, "notice");
  say("server %d, protocol %d, %s, %s", PQserverVersion(c), PQprotocolVersion(c), PQparameterStatus(c, "TimeZone"), PQparameterStatus(c, "application_name"));
  query("create table p (n int)");
  simple_pipeline();
  prepared_pipeline();
  errors();
  flush_request();
  large_pipeline(400);
  rows_one_by_one();
  copy();
  cancel();
  query("set timezone = 'Asia/Tokyo'");
  say("reported %s", PQparameterStatus(c, "TimeZone"));
  query("select current_setting('timezone')");
  query("select 1; select 2; select 1/0; select 3");
  query("do $$ begin raise notice 'hello'; end $$");
  query("begin");
  say("transaction status %d", PQtransactionStatus(c));
  query("select nothing");
  say("transaction status %d", PQtransactionStatus(c));
  query("rollback");
  say("transaction status %d", PQtransactionStatus(c));
  PQreset(c);
  say("after a reset: %d, %s", PQstatus(c), PQparameterStatus(c, "TimeZone"));
  tell("the statement of before", PQexecPrepared(c, "twice", 1, (const char *const[]){"7"}, NULL, NULL, 0));
  query("select count(*) from p");
  PQfinish(c);
}
