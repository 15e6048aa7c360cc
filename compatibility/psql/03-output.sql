\pset pager off
set search_path = shop, public;
\x on
select * from accounts order by id limit 1;
\x auto
\pset format csv
select owner, balance from accounts order by id;
\pset format html
select 1 as "<one>";
\pset format unaligned
\pset fieldsep '|'
select owner, balance from accounts order by id;
\pset format aligned
\pset null '(null)'
\pset border 2
select owner, contact from accounts order by id;
\pset border 1
\t on
select count(*) from accounts;
\t off
\a
\a
\H
\H
\C 'a caption'
select 1;
\C
\crosstabview
select owner, mood, balance from accounts order by 1, 2 \crosstabview owner mood balance
select 'select ' || n from generate_series(1, 3) n \gexec
select owner, balance, null as nothing from accounts where false \gdesc
select 42 as answer, 'x''y' as quoted \gset
\echo :answer :'quoted' :"quoted"
select :answer + 1, :'quoted';
select 1 as a, 2 as b \gx
select 'to a program' \g | tr a-z A-Z
\o /dev/null
select 'not seen';
\o
\qecho seen
\warn seen by standard error
\if :{?answer}
  \echo if
\elif true
  \echo elif
\else
  \echo else
\endif
