\pset pager off
set search_path = shop, public;
\d
\d+ accounts
\d rich
\d+ totals
\d movements
\dt shop.*
\dt+ nothing_like_it
\di+ shop.*
\ds
\dv
\dm
\df shop.*
\df+ interest
\da sum
\dT+ shop.*
\dD
\dn+
\dp accounts
\dx
\du app
\dg auditor
\drds
\dL
\db
\dc nothing
\dC nothing
\dF nothing
\do @@@
\dO nothing
\dP
\dX
\dy
\des
\dew
\ddp
\dconfig work_mem
\dAc btree bigint
\sf interest
\sf+ credit
\sv rich
\z movements
\l template0
