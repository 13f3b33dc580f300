# NAME=USER@HOST:PORT for each host, and behind the last one the directory where it is another.
terraform import harbor_shared_secrets.shared a=root@10.0.1.11:22,b=root@10.0.2.12:22
