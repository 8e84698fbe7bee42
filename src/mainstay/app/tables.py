"""Every table of the house, as the kernel and the services declare them."""

from mainstay.app.services import all_services
from mainstay.kernel import tables as kernel_tables

TABLES = (*kernel_tables.TABLES, *(table for service in all_services() for table in service.tables))
