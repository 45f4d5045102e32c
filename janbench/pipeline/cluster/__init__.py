"""Tests for Kubernetes: their objects, and what runs in their pods."""
