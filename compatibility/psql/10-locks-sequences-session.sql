\pset pager off
set search_path = shop, public;
select pg_advisory_lock(1); select pg_try_advisory_lock(1); select pg_advisory_unlock(1), pg_advisory_unlock(1), pg_advisory_unlock(1);
begin; select pg_advisory_xact_lock(2); commit; select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid();
\c
set search_path = shop, public;
begin; select nextval('tickets'), currval('tickets'), lastval(); commit;
select nextval('tickets');
\c
set search_path = shop, public;
select pg_backend_pid() as mine \gset
select pg_backend_pid() = :mine as same;
select count(*) from pg_stat_activity where pid = pg_backend_pid() and datname = current_database();
select pg_cancel_backend(pg_backend_pid());
select txid_current_if_assigned() is null;
select pg_sleep(0.01);
\c
set search_path = shop, public;
discard temp; discard plans; discard sequences; discard all; show search_path; set search_path = shop, public;
