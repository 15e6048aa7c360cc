\pset pager off
set search_path = shop, public;
begin; declare c scroll cursor for select n from generate_series(1, 100) n; fetch 3 c; move 10 c; fetch backward 2 c; close c; commit;
\set FETCH_COUNT 7
select n from generate_series(1, 20) n;
\set FETCH_COUNT 0
begin; declare h cursor with hold for select owner from shop.accounts order by id; commit;
fetch 2 h; select 'between'; fetch 2 h; close h; fetch h;
