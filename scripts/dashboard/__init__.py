"""The readable source of `grafana-dashboard.json`: queries, panels, rows, variables."""
