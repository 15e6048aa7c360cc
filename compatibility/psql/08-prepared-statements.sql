\pset pager off
set search_path = shop, public;
prepare plan (int) as select $1 * 2; execute plan(21); 
execute plan(4);
-- Those of the protocol are every session's that shares the backend.
select name, statement, parameter_types from pg_prepared_statements where from_sql order by 1;
deallocate plan;
execute plan(1);
\c
set search_path = shop, public;
prepare a as select 1; prepare b as select 2; deallocate all; execute a;
