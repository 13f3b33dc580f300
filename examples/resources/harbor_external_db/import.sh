# USER@HOST:PORT of the primary, and behind it PostgreSQL's port and Harbor's role where they are
# not 5432 and harbor.
terraform import harbor_external_db.registry root@10.0.1.11:22/5432/harbor
