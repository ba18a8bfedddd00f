# Three Debian packages by CPack. Depends: of the programs are found by dpkg-shlibdeps.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME cistern)
set(CPACK_PACKAGE_VENDOR Cistern)
set(CPACK_PACKAGE_CONTACT "Cistern maintainers <cistern@localhost>" CACHE STRING "Maintainer of the packages")
set(CPACK_OUTPUT_FILE_PREFIX ${PROJECT_BINARY_DIR}/deb)
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/deb)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL daemon client dev)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE
                                                WORLD_READ WORLD_EXECUTE)

set(CPACK_DEBIAN_DAEMON_PACKAGE_NAME cistern)
set(CPACK_DEBIAN_DAEMON_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_DAEMON_PACKAGE_DEPENDS "adduser, tzdata")
set(CPACK_DEBIAN_DAEMON_PACKAGE_RECOMMENDS "ca-certificates, cistern-client")
set(CPACK_DEBIAN_DAEMON_DESCRIPTION "syslog collector that stores, searches and forwards
Receives syslog over UDP, TCP, TLS and Unix sockets, stores it compressed in
SQLite, answers searches over gRPC, follows it live, forwards it, and raises
events by rules.")
set(CPACK_DEBIAN_DAEMON_PACKAGE_CONTROL_EXTRA ${CMAKE_CURRENT_SOURCE_DIR}/debian/postinst ${CMAKE_CURRENT_SOURCE_DIR}/debian/prerm
    ${CMAKE_CURRENT_SOURCE_DIR}/debian/postrm ${CMAKE_CURRENT_SOURCE_DIR}/debian/conffiles)

set(CPACK_DEBIAN_CLIENT_PACKAGE_NAME cistern-client)
set(CPACK_DEBIAN_CLIENT_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_CLIENT_PACKAGE_DEPENDS tzdata)
set(CPACK_DEBIAN_CLIENT_PACKAGE_SUGGESTS "cistern, bash-completion, sqlite3")
set(CPACK_DEBIAN_CLIENT_DESCRIPTION "client of the Cistern syslog collector
cisternctl searches, follows, exports and imports the records of a Cistern
daemon and administers it. The extension cistern_logs lets the sqlite3 shell
read a store.")

set(CPACK_DEBIAN_DEV_PACKAGE_NAME libcistern-dev)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS "libabsl-dev, libboost-json1.81-dev, libboost1.81-dev, libre2-dev, libsqlite3-dev, libssl-dev, libvectorscan-dev, libxxhash-dev, libzstd-dev, pkg-config")
set(CPACK_DEBIAN_DEV_PACKAGE_SUGGESTS cmake)
set(CPACK_DEBIAN_DEV_DESCRIPTION "Cistern's receiver, parser and store as a library
A static library and headers for C++20 programs that receive, parse, store and
query syslog without a daemon. With a CMake and a pkg-config file.")
include(CPack)
