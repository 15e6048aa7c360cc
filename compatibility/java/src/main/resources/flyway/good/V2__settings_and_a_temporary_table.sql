set search_path to public, pg_catalog;
set work_mem = '9MB';
create temporary table scratch as select generate_series(1, 10) as n;
insert into accounts (owner) select 'generated ' || n from scratch;
drop table scratch;
prepare add_one (text) as insert into accounts (owner) values ($1);
execute add_one('prepared');
deallocate add_one;
