\pset pager off
set search_path = shop, public;
\lo_import included.sql 'this file'
select count(*) from pg_largeobject_metadata;
\c
set search_path = shop, public;
select lo_from_bytea(7777, 'hello large object'); select convert_from(lo_get(7777, 6, 5), 'UTF8');
\lo_export 7777 /dev/stdout

begin; select lo_open(7777, 131072) as fd \gset
select loread(:fd, 5); select lo_lseek(:fd, 12, 0); select loread(:fd, 6); commit;
\lo_unlink 7777
