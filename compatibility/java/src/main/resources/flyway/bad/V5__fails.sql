create table half (n int);
insert into half values (1);
select nothing;
