# HOST_A,HOST_B/VERSION/CLUSTER, each host as USER@ADDRESS:PORT. Either may be the primary.
terraform import harbor_pg_replication_pair.db root@10.0.1.11:22,root@10.0.2.12:22/15/main
