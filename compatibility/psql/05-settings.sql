\pset pager off
set search_path = shop, public;
set work_mem = '777kB'; set timezone = 'America/New_York';
show work_mem; select timestamptz '2026-07-01 12:00:00+00';
\c
set search_path = shop, public;
set datestyle = 'ISO, YMD'; show datestyle;
\c
set search_path = shop, public;
select set_config('app.tenant', 'blue', false), current_setting('app.tenant');
show app.tenant;
\c
set search_path = shop, public;
begin; set local work_mem = '99kB'; show work_mem; savepoint s; set work_mem = '98kB'; rollback to s; show work_mem; commit; show work_mem;
begin; set work_mem = '66kB'; rollback; show work_mem;
\c
set search_path = shop, public;
set work_mem = '44kB'; set work_mem = '444kB'; reset work_mem; show work_mem;
\encoding
\encoding LATIN1
show client_encoding;
\encoding UTF8
\c
set search_path = shop, public;
set role auditor; select current_user, session_user; reset role; select current_user;
\c
set search_path = shop, public;
set standard_conforming_strings = off; select 'a\\b'; reset standard_conforming_strings; select 'a\\b';
\c
set search_path = 'shop'; select current_schemas(false); table rich;
\c
set search_path = shop, public;
create function tenant(t text) returns void language sql as $$ select set_config('app.tenant', t, false) $$;
select tenant('green');
\! sleep 0.1
show app.tenant;
\! sleep 0.1
show app.tenant;
\c
set search_path = shop, public;
create function zone() returns trigger language plpgsql as $$ begin perform set_config('timezone', 'Asia/Tokyo', false); return new; end $$;
create table zoned (n int); create trigger z before insert on zoned for each row execute function zone();
\c
set search_path = shop, public;
insert into zoned values (1);
\! sleep 0.1
show timezone;
\! sleep 0.1
select timestamptz '2026-01-01 00:00:00+00'; drop table zoned;
\c
set search_path = shop, public;
create procedure path() language plpgsql as $$ begin set search_path = pg_catalog; end $$; call path();
\! sleep 0.1
show search_path; set search_path = shop;
begin; select tenant('undone'); rollback; show app.tenant;
\c
set search_path = shop, public;
do $$ begin perform set_config('work_mem', '321kB', false); end $$; show work_mem;
\c
set search_path = shop, public;
set session characteristics as transaction isolation level repeatable read; show transaction_isolation; show default_transaction_isolation;
reset all; show work_mem; set search_path = shop, public;
select name, setting from pg_settings where source = 'session' and name not in ('application_name', 'client_encoding') order by 1;
