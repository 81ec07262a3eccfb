"""Real servers for tests: each on loopback, on free ports, in a folder of its own, gone afterwards."""

from .base import ServiceError, die_with, free_port, wait_until
from .kafka import Kafka
from .prometheus import Prometheus
from .redis import Redis
from .resp import RedisConnection
from .smtp import Smtp

ALL = {service.name: service for service in (Kafka, Redis, Smtp, Prometheus)}

__all__ = ["ALL", "Kafka", "Prometheus", "Redis", "RedisConnection", "ServiceError", "Smtp", "die_with",
           "free_port", "wait_until"]
