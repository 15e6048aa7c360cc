\pset pager off
set search_path = shop, public;
\conninfo
\c
select current_user, current_setting('search_path');
\c - - - -
select 'ünïcödé' as "spaltenname", U&'\0441\043B\043E\043D';
select E'tab\there', $tag$dollar $$ quotes$tag$;
select generate_series(1, 3), 'x' as x;
select;
;
select repeat('long', 20000) = repeat('long', 20000), md5(string_agg(repeat('x', 1000), '')) from generate_series(1, 3000);
select xmlelement(name x, 1) is not null, '{"a": [1, 2]}'::jsonb #> '{a,1}', array[[1,2],[3,4]], int4range(1, 5), '1 day 2 hours'::interval, 'infinity'::timestamp, 'NaN'::float8, 1.1::float4, '\xdeadbeef'::bytea, inet '10.0.0.1/8', bit '101';
\! echo from the shell
\setenv GREETING hello
\! echo $GREETING
\getenv greeting GREETING
\echo :greeting
\set ECHO_HIDDEN on
\dn nothing
\set ECHO_HIDDEN off
\set SINGLELINE off

\i included.sql
\ir included.sql
drop schema shop cascade;
\q
\echo not reached
