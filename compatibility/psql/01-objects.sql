\pset pager off
create schema shop;
set search_path = shop, public;
show search_path;
create type mood as enum ('sad', 'ok', 'happy');
create domain email as text check (value ~ '@');
create table accounts (
  id bigint generated always as identity primary key,
  owner text not null unique,
  contact email,
  mood mood default 'ok',
  balance numeric(12, 2) not null default 0 check (balance >= 0),
  opened timestamptz not null default timestamptz '2026-01-01 00:00:00+00'
);
comment on table accounts is 'who has how much';
create index accounts_by_mood on accounts (mood, balance desc);
create table movements (account bigint references accounts on delete cascade, amount numeric, note text) partition by range (amount);
create table movements_in partition of movements for values from (0) to (maxvalue);
create table movements_out partition of movements for values from (minvalue) to (0);
create view rich as select owner, balance from accounts where balance > 1000;
create materialized view totals as select mood, sum(balance) from accounts group by mood with no data;
create function interest(rate numeric) returns numeric language sql stable as $$ select sum(balance) * rate from shop.accounts $$;
create procedure credit(who text, much numeric) language plpgsql as $$
begin
  update shop.accounts set balance = balance + much where owner = who;
  commit;
  insert into shop.movements select id, much, 'credit' from shop.accounts where owner = who;
end $$;
create function audit() returns trigger language plpgsql as $$ begin raise notice '% on %', tg_op, tg_table_name; return new; end $$;
create trigger audited before insert on accounts for each row execute function audit();
create rule no_delete as on delete to accounts do instead nothing;
create sequence tickets start 100 increment 5;
insert into accounts (owner, contact, mood, balance) values ('ada', 'ada@x', 'happy', 1200), ('bob', 'bob@x', 'sad', 30.50), ('eve', null, default, 0) returning id, owner;
refresh materialized view totals;
call credit('bob', 69.50);
table movements;
