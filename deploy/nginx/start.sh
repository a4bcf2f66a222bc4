#!/bin/sh
# Whose X-Forwarded-* headers nginx believes, then nginx itself.
#
# FRONT_PROXIES: addresses or networks of what terminates TLS before this nginx, separated by commas.
# Unset, and published on the loopback only, whoever connects is a proxy on this very host and
# arrives through Docker's own bridge: then the private networks are believed. Unset, and published
# to everybody: nobody is.
set -eu

proxies=${FRONT_PROXIES:-}
if [ -z "$proxies" ]; then
  case ${HTTP_BIND:-127.0.0.1} in
    127.* | ::1 | "[::1]" | localhost) proxies=127.0.0.0/8,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7 ;;
  esac
fi

{
  echo "geo \$realip_remote_addr \$from_front_proxy {"
  echo "  default 0;"
  for proxy in $(echo "$proxies" | tr ',' ' '); do echo "  $proxy 1;"; done
  echo "}"
  for proxy in $(echo "$proxies" | tr ',' ' '); do echo "set_real_ip_from $proxy;"; done
} >/tmp/front_proxies.conf

exec nginx -g 'daemon off;'
