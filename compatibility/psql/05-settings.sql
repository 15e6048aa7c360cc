\pset pager off
set search_path = shop, public;
set work_mem = '777kB'; set timezone = 'America/New_York';
show work_mem; select timestamptz '2026-07-01 12:00:00+00';
set datestyle = 'ISO, YMD'; show datestyle;
select set_config('app.tenant', 'blue', false), current_setting('app.tenant');
show app.tenant;
begin; set local work_mem = '99kB'; show work_mem; savepoint s; set work_mem = '98kB'; rollback to s; show work_mem; commit; show work_mem;
begin; set work_mem = '66kB'; rollback; show work_mem;
reset work_mem; show work_mem;
\encoding
\encoding LATIN1
show client_encoding;
\encoding UTF8
set role auditor; select current_user, session_user; reset role; select current_user;
set standard_conforming_strings = off; select 'a\\b'; reset standard_conforming_strings; select 'a\\b';
set search_path = 'shop'; select current_schemas(false); table rich;
create function tenant(t text) returns void language sql as $$ select set_config('app.tenant', t, false) $$;
select tenant('green'); show app.tenant;
do $$ begin perform set_config('work_mem', '321kB', false); end $$; show work_mem;
set session characteristics as transaction isolation level repeatable read; show transaction_isolation; show default_transaction_isolation;
reset all; show work_mem; set search_path = shop, public;
select name, setting from pg_settings where source = 'session' and name not in ('application_name', 'client_encoding') order by 1;
