# USER@HOST:PORT
terraform import harbor_database_endpoint.a root@10.0.1.11:22
