\pset pager off
set search_path = shop, public;
select pg_advisory_lock(1); select pg_try_advisory_lock(1); select pg_advisory_unlock(1), pg_advisory_unlock(1), pg_advisory_unlock(1);
begin; select pg_advisory_xact_lock(2); commit; select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid();
\c
set search_path = shop, public;
begin; select nextval('tickets'), currval('tickets'), lastval(); commit;
select nextval('tickets');
create table parent (id serial, t text); insert into parent (t) values ('a') \; select currval('parent_id_seq'), lastval();
create table child (parent bigint default currval('parent_id_seq'), t text);
insert into parent (t) values ('b');
insert into child (t) values ('of b');
table child; drop table child, parent;
select currval('tickets_that_are_not');
\c
set search_path = shop, public;
select pg_backend_pid() as mine \gset
-- Read again, not compared in an expression: there it is the server's, as in the views that it is compared with.
select pg_backend_pid() as again \gset
select :again = :mine as same;
select count(*) from pg_stat_activity where pid = pg_backend_pid() and datname = current_database();
select pg_cancel_backend(pg_backend_pid());
select txid_current_if_assigned() is null;
select pg_sleep(0.01);
\c
set search_path = shop, public;
discard temp; discard plans; discard sequences; discard all; show search_path; set search_path = shop, public;
