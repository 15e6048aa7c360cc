\pset pager off
set search_path = shop, public;
\copy accounts (owner, balance) from stdin with (format csv)
"dan, the man",12.25
fay,99
\.
\copy (select owner, balance from accounts order by id) to stdout with (format csv, header)
\copy accounts to program 'wc -l'
\copy accounts (owner, balance) from stdin
gus	1
gus	2
\.
select count(*) from accounts;
copy accounts (owner) from stdin;
hal
\.
copy (select 'copied') to stdout;
\copy nothing from stdin
\copy (select n from generate_series(1, 20000) n) to program 'md5sum'
