"""Healthy networks of both halves; every family of layers occurs in them."""

from bench.clinic.dense_networks import DENSE_NETWORKS
from bench.clinic.healthy_network import HealthyNetwork
from bench.clinic.image_and_sequence_networks import IMAGE_AND_SEQUENCE_NETWORKS

NETWORKS: tuple[HealthyNetwork, ...] = (*DENSE_NETWORKS, *IMAGE_AND_SEQUENCE_NETWORKS)
