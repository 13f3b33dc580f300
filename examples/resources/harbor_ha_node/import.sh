# USER@HOST:PORT, and behind it the installer's directory where it is not /opt/harbor.
terraform import 'harbor_ha_node.node["a"]' root@10.0.1.11:22/opt/harbor
