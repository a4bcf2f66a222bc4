#!/bin/sh
# Configure whose X-Forwarded-* headers nginx trusts, then start nginx.
#
# FRONT_PROXIES: addresses or networks of the proxies that terminate TLS, separated by commas.
# If it is unset and nginx is published on the loopback, every client is a proxy on this host and
# arrives through Docker's bridge: the private networks are trusted. If it is unset and nginx is
# published on another address, no client is trusted.
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
