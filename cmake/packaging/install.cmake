# Three components, each a package of its own: daemon, client, development. The unit and the configuration have fixed places,
# as the unit names them: without a package, `DESTDIR=... cmake --install`.

install(TARGETS cisternd RUNTIME COMPONENT daemon)
install(FILES ${PROJECT_SOURCE_DIR}/examples/cistern.service DESTINATION /lib/systemd/system COMPONENT daemon)
install(FILES ${CMAKE_CURRENT_SOURCE_DIR}/cistern.yaml DESTINATION /etc/cistern COMPONENT daemon)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/service/rules/packs DESTINATION ${CMAKE_INSTALL_DATADIR}/cistern COMPONENT daemon
        FILES_MATCHING PATTERN "*.yaml")
install(FILES ${made}/cisternd.8.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man8 COMPONENT daemon)
install(FILES ${made}/cistern.yaml.5.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man5 COMPONENT daemon)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/examples DESTINATION ${doc}/cistern COMPONENT daemon
        PATTERN embed EXCLUDE PATTERN cistern.service EXCLUDE PATTERN __pycache__ EXCLUDE)
install(FILES ${PROJECT_SOURCE_DIR}/README.md ${CMAKE_CURRENT_SOURCE_DIR}/debian/README.Debian DESTINATION ${doc}/cistern COMPONENT daemon)

install(TARGETS cisternctl RUNTIME COMPONENT client)
if(TARGET cistern_logs)
  install(TARGETS cistern_logs LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/cistern COMPONENT client)
endif()
install(FILES ${made}/cisternctl.1.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT client)
install(FILES ${made}/completion.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
        RENAME cisternctl COMPONENT client)
install(FILES ${made}/completion.zsh DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions
        RENAME _cisternctl COMPONENT client)
install(FILES ${made}/completion.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d
        RENAME cisternctl.fish COMPONENT client)

# The headers that programs are meant to include, and what those include.
set(headers)
set(next ingest/framing/frame_decoder.h ingest/message/record_batch.h ingest/message/rfc5424_text.h ingest/message/shape.h
  ingest/message/structured_data.h ingest/message/tags.h ingest/message/wall_time.h ingest/net/append.h ingest/net/net_server.h
  ingest/parse/parser.h ingest/parse/payload/payload.h storage/care/backup.h storage/care/check.h storage/care/restore.h
  storage/care/stats.h storage/filter/filter_set.h storage/query/field_text.h storage/query/query.h storage/query/query_pool.h
  storage/store.h)
while(next)
  list(POP_FRONT next header)
  if(header IN_LIST headers)
    continue()
  endif()
  list(APPEND headers ${header})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${header})
  file(STRINGS ${PROJECT_SOURCE_DIR}/${header} includes REGEX "^#include \"")
  list(TRANSFORM includes REPLACE "^#include \"([^\"]+)\".*" "\\1")
  list(APPEND next ${includes})
endwhile()
foreach(header IN LISTS headers)
  get_filename_component(folder ${header} DIRECTORY)
  install(FILES ${PROJECT_SOURCE_DIR}/${header} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/cistern/${folder} COMPONENT dev)
endforeach()

include(CMakePackageConfigHelpers)
set(config ${CMAKE_INSTALL_LIBDIR}/cmake/Cistern)
file(RELATIVE_PATH up /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(cistern.pc.in cistern.pc @ONLY)
write_basic_package_version_file(CisternConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(TARGETS cistern_embed EXPORT CisternTargets ARCHIVE COMPONENT dev)
install(EXPORT CisternTargets NAMESPACE Cistern:: DESTINATION ${config} COMPONENT dev)
install(FILES CisternConfig.cmake ${made}/CisternConfigVersion.cmake DESTINATION ${config} COMPONENT dev)
install(FILES ${made}/cistern.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT dev)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/examples/embed DESTINATION ${doc}/libcistern-dev/examples COMPONENT dev)
install(CODE [[
  if(CMAKE_INSTALL_DO_STRIP)   # CMake leaves archives as they are
    file(GLOB_RECURSE archive "$ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}/libcistern.a")
    execute_process(COMMAND strip --strip-debug --remove-section=.comment --enable-deterministic-archives ${archive} COMMAND_ERROR_IS_FATAL ANY)
  endif()
]] COMPONENT dev)

foreach(package daemon:cistern client:cistern-client dev:libcistern-dev)
  string(REPLACE ":" ";" package ${package})
  list(GET package 0 component)
  list(GET package 1 name)
  install(FILES ${CMAKE_CURRENT_SOURCE_DIR}/debian/copyright ${made}/changelog.gz ${made}/changelog.Debian.gz
          DESTINATION ${doc}/${name} COMPONENT ${component})
  # These packages are not on their way into Debian, where a bug would announce them.
  file(WRITE ${made}/${name}.overrides "${name}: initial-upload-closes-no-bugs\n")
  install(FILES ${made}/${name}.overrides DESTINATION ${CMAKE_INSTALL_DATADIR}/lintian/overrides RENAME ${name} COMPONENT ${component})
endforeach()
