\pset pager off
set search_path = shop, public;
listen news;
notify news, 'first';
select 1;
begin; notify news, 'rolled back'; rollback; select 2;
begin; notify news, 'second'; notify news, 'second'; select 3; commit;
select pg_notify('news', 'third');
select pg_listening_channels();
unlisten news;
notify news, 'unheard';
select 4;
unlisten *;
