\pset pager off
set search_path = shop, public;
create temporary table scratch (n int);
insert into scratch values (1), (2);
select sum(n) from scratch;
\d scratch
\c
set search_path = shop, public;
create temporary table gone (n int) on commit drop;
select * from gone;
begin; create temporary table briefly (n int) on commit drop; insert into briefly values (7); table briefly; commit;
drop table scratch;
table scratch;
