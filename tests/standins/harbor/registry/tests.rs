//! Push and pull through the registry's routes.
