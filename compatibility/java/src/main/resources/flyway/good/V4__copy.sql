copy accounts (owner) from stdin;
copied
copied too
\.
