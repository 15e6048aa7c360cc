\pset pager off
set search_path = shop, public;
\set AUTOCOMMIT off
insert into accounts (owner) values ('ivy');
rollback;
select count(*) from accounts;
commit;
\set AUTOCOMMIT on
\set ON_ERROR_ROLLBACK on
begin;
insert into accounts (owner) values ('jon');
insert into accounts (owner) values ('jon');
select count(*) from accounts where owner = 'jon';
commit;
\set ON_ERROR_ROLLBACK off
begin; select 1/0; select 2; commit;
begin isolation level serializable read only; show transaction_isolation; insert into accounts (owner) values ('kim'); rollback;
begin; savepoint a; select nothing; rollback to a; select 'after'; release a; end;
begin; prepare transaction 'two'; rollback;
insert into accounts (owner, balance) values ('lea', -1);
\set VERBOSITY verbose
insert into accounts (owner, balance) values ('lea', -1);
\set VERBOSITY sqlstate
select 1/0;
\set VERBOSITY default
\errverbose
select 1 \; select 2 \; select 3;
begin \; insert into accounts (owner) values ('moe') \; commit \; select count(*) from accounts;
\echo :ERROR :SQLSTATE :ROW_COUNT :LAST_ERROR_MESSAGE
vacuum analyze accounts;
create index concurrently accounts_by_balance on accounts (balance);
reindex table accounts;
explain (costs off) select * from accounts where id = 1;
