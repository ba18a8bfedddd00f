// Every metric the daemon exports, in one place. Base units only; label values form a small fixed set: never
// a host, an address, a path or an error text. `listener` is a configured name.
#pragma once

namespace cistern::metric {

// Taken off the network, before parsing. transport = udp | tcp | tls | unix | grpc | internal
inline constexpr char kReceivedMessages[] = "cistern_received_messages_total";
inline constexpr char kReceivedBytes[] = "cistern_received_bytes_total";
// Stored, by the grammar that the header followed. format = rfc5424 | rfc3164 | raw
inline constexpr char kParsedMessages[] = "cistern_parsed_messages_total";
// Committed to the store.
inline constexpr char kStoredMessages[] = "cistern_stored_messages_total";
// Lost for good or on purpose. stage = ingest | rules | storage; reason as in DropReasonName.
inline constexpr char kDroppedMessages[] = "cistern_dropped_messages_total";
// Received and neither stored nor dropped yet.
inline constexpr char kInFlightMessages[] = "cistern_in_flight_messages";
// Datagrams the kernel dropped before they could be read; not part of received.
inline constexpr char kUdpKernelDrops[] = "cistern_udp_kernel_drops_total";
// Receive buffer granted by the kernel.
inline constexpr char kUdpReceiveBuffer[] = "cistern_udp_receive_buffer_bytes";
// Open connections.
inline constexpr char kConnections[] = "cistern_connections";
// Connections closed or refused. reason as in CloseReasonName.
inline constexpr char kConnectionsClosed[] = "cistern_connections_closed_total";
// End of the certificate in use, Unix seconds.
inline constexpr char kCertificateExpiry[] = "cistern_tls_certificate_expiry_timestamp_seconds";
// 1 while the newest certificate pair on disk was refused and the old one is in use.
inline constexpr char kCertificateStale[] = "cistern_tls_certificate_reload_failed";
// Waiting between ingest and store, and the bound.
inline constexpr char kQueueBytes[] = "cistern_queue_bytes";
inline constexpr char kQueueLimitBytes[] = "cistern_queue_limit_bytes";
// One commit: encoding, writing and syncing.
inline constexpr char kCommitSeconds[] = "cistern_commit_duration_seconds";
inline constexpr char kStoreBytes[] = "cistern_store_bytes";
inline constexpr char kStoreRecords[] = "cistern_store_records";
inline constexpr char kStoreFiles[] = "cistern_store_log_files";
inline constexpr char kStoreWalBytes[] = "cistern_store_wal_bytes";
inline constexpr char kStoreFreeBytes[] = "cistern_store_free_bytes";
inline constexpr char kStoreTotalBytes[] = "cistern_store_filesystem_bytes";
// Received time of the oldest record, Unix seconds; 0 when there is none.
inline constexpr char kStoreOldest[] = "cistern_store_oldest_record_timestamp_seconds";
inline constexpr char kStoreQuarantined[] = "cistern_store_quarantined_batches";
// 1 while the store takes writes.
inline constexpr char kStoreWritable[] = "cistern_store_writable";
// Records deleted by retention.
inline constexpr char kExpiredRecords[] = "cistern_expired_records_total";
// gRPC over TCP: connections open, accepted, and refused or ended by the door. reason as in DoorRefusalName.
inline constexpr char kControlConnections[] = "cistern_control_connections";
inline constexpr char kControlAccepted[] = "cistern_control_connections_accepted_total";
inline constexpr char kControlRefused[] = "cistern_control_connections_refused_total";
// gRPC calls that ended, over TCP or the Unix socket. code = OK | CANCELLED | ... (google.rpc.Code)
inline constexpr char kControlCalls[] = "cistern_control_calls_total";
// HTTP for metrics and probes: requests by status, and connections that ended without an answer. reason as in
// HttpRefusalName.
inline constexpr char kHttpRequests[] = "cistern_http_requests_total";
inline constexpr char kHttpRefused[] = "cistern_http_connections_refused_total";
// Streams open now. method = query | tail | ingest
inline constexpr char kStreams[] = "cistern_grpc_streams";
// Senders in the table (bounded).
inline constexpr char kSenders[] = "cistern_senders";
// Forwarding, by target. Delivered records and their size as sent, before compression and TLS.
inline constexpr char kTargetSentRecords[] = "cistern_target_sent_records_total";
inline constexpr char kTargetSentBytes[] = "cistern_target_sent_bytes_total";
// Stored records behind the target's position, and the age of the oldest of them.
inline constexpr char kTargetLagRecords[] = "cistern_target_lag_records";
inline constexpr char kTargetLagSeconds[] = "cistern_target_lag_seconds";
// Failed attempts. reason = resolve | connect | tls | auth | timeout | closed | rejected | io | configuration
// | loop
inline constexpr char kTargetErrors[] = "cistern_target_errors_total";
// Records the destination refused, waiting for a decision.
inline constexpr char kTargetDeadLetters[] = "cistern_target_dead_letters";
// Records never delivered. reason = retention | dead_letters_full | loop
inline constexpr char kTargetLostRecords[] = "cistern_target_lost_records_total";
// 1 while the destination takes records as far as is known; 0 while it fails.
inline constexpr char kTargetUp[] = "cistern_target_up";
// Events raised, by severity (emerg ... debug), and those of them that no target tells of.
inline constexpr char kRuleMatched[] = "cistern_rule_matched_total";
inline constexpr char kRuleDropped[] = "cistern_rule_dropped_total";
inline constexpr char kRuleChanged[] = "cistern_rule_changed_total";
inline constexpr char kRuleEvents[] = "cistern_rule_events_total";
inline constexpr char kRuleEvicted[] = "cistern_rule_evicted_total";
inline constexpr char kRuleEventsSuppressed[] = "cistern_rule_events_suppressed_total";
inline constexpr char kRuleStateBytes[] = "cistern_rule_state_bytes";
inline constexpr char kDetectionsLagRecords[] = "cistern_detections_lag_records";
inline constexpr char kDetectionsLagSeconds[] = "cistern_detections_lag_seconds";
inline constexpr char kDetectionsMissed[] = "cistern_detections_missed_total";
inline constexpr char kEvents[] = "cistern_events_total";
inline constexpr char kEventsMuted[] = "cistern_events_muted_total";
// Events that are not resolved; all that are kept.
inline constexpr char kEventsOpen[] = "cistern_events_open";
inline constexpr char kEventsKept[] = "cistern_events_kept";
// Events of the daemon itself that were lost because the catalog could not be written for long.
inline constexpr char kEventsLost[] = "cistern_events_lost_total";
// More for events that are not kept any more.
inline constexpr char kEventsUnplaced[] = "cistern_events_unplaced_total";
// Last reload: 1 good, 0 refused; and when the last good one was.
inline constexpr char kReloadSuccess[] = "cistern_config_last_reload_successful";
inline constexpr char kReloadTime[] = "cistern_config_last_reload_success_timestamp_seconds";
// The clock that received times are taken from, Unix seconds.
inline constexpr char kClock[] = "cistern_clock_timestamp_seconds";
inline constexpr char kBuildInfo[] = "cistern_build_info";

}  // namespace cistern::metric
