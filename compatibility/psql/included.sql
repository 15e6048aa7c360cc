select 'included' as from_a_file;
