//! Which addresses no name may lead to. A sink that names such an address literally gets it: then it is no accident.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Where clouds answer machines, outside the link-local networks.
const METADATA: [IpAddr; 5] = [
    // Alibaba
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    // Azure
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    // Oracle
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
    // Amazon
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    // Google
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)),
];

/// Why a name must not lead to this address; `None` if it may.
pub(crate) fn refused(address: IpAddr) -> Option<&'static str> {
    let address = plain(address);
    if METADATA.contains(&address) {
        return Some("a cloud's metadata address");
    }
    let (unspecified, multicast) = (address.is_unspecified(), address.is_multicast());
    let (link_local, broadcast) = match address {
        IpAddr::V4(v4) => (v4.is_link_local(), v4.is_broadcast()),
        IpAddr::V6(v6) => (v6.is_unicast_link_local(), false),
    };
    match () {
        // Also where most clouds answer machines: 169.254.169.254.
        () if link_local => Some("a link-local address"),
        () if unspecified => Some("no address of a host"),
        () if multicast || broadcast => Some("the address of many hosts"),
        () => None,
    }
}

/// The address that is meant by one that stands for another: IPv4 in IPv6, as such or for NAT64.
fn plain(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) if v6.segments()[..6] == [0x64, 0xff9b, 0, 0, 0, 0] => {
            let [.., a, b, c, d] = v6.octets();
            IpAddr::V4(Ipv4Addr::new(a, b, c, d))
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_the_own_link_and_of_clouds_are_refused_however_they_are_written() {
        for address in [
            "169.254.169.254",
            "169.254.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::169.254.169.254",
            "fe80::1",
            "fd00:ec2::254",
            "fd20:ce::254",
            "100.100.100.200",
            "168.63.129.16",
            "192.0.0.192",
            "0.0.0.0",
            "::",
            "224.0.0.1",
            "255.255.255.255",
            "ff02::1",
        ] {
            assert!(refused(address.parse().unwrap()).is_some(), "{address}");
        }
        for address in [
            "127.0.0.1",
            "::1",
            "10.0.0.1",
            "192.168.1.1",
            "169.253.0.1",
            "8.8.8.8",
            "fd00::1",
            "2001:db8::1",
            "64:ff9b::8.8.8.8",
        ] {
            assert_eq!(refused(address.parse().unwrap()), None, "{address}");
        }
    }
}
