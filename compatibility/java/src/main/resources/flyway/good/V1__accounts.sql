create table accounts (id serial primary key, owner text unique, opened timestamptz default now());
insert into accounts (owner) values ('${owner}'), ('bob');
create function touch() returns trigger language plpgsql as $$
begin
  new.opened := now(); -- a semicolon; in a body
  return new;
end $$;
create trigger touched before update on accounts for each row execute function touch();
