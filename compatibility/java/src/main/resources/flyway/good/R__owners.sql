create or replace view owners as select owner from accounts;
