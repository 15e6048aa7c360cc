create index concurrently accounts_by_opened on accounts (opened);
