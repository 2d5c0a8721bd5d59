#!/usr/bin/env bash
# Who sent a mail, found out by SPF, DKIM and DMARC with a DNS server of our own.
cd "$(dirname "$0")" && exec /usr/bin/python3 _origin.py
