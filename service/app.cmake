cistern_library(service_app SOURCES app.cc crash_point.cc daemon_diagnosis.cc doors.cc logging.cc rule_system.cc stdout_printer.cc
  DEPS service_access service_config service_detect_runner service_ingest_rules service_rule_book service_forward service_pipeline service_control service_cursor service_diagnose service_events service_http service_metrics ingest_net
       storage_sqlite spdlog::spdlog PkgConfig::SYSTEMD)
add_executable(cisternd main.cc)
target_link_libraries(cisternd PRIVATE service_app)
