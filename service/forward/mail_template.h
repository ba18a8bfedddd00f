// The templates of mails that come with Cistern.
//
// mail_names.cc has the names that may stand in one, and MailTarget in target.proto explains them.
#pragma once

namespace cistern {

inline constexpr char kMailSubject[] =
    "[{{target}}] {{#one}}{{#event}}{{tag.event.severity}} {{tag.event.rule}} {{tag.event.state}}: {{title}}"
    "{{/event}}{{#record}}1 record{{/record}}{{/one}}{{#plural}}{{count}} records{{/plural}}"
    "{{#group}} of {{group}}{{/group}}";

inline constexpr char kMailText[] =
    R"({{count}} record{{#plural}}s{{/plural}}{{#group}} of {{group}}{{/group}}
{{#fields}}{{name}}: {{value}}
{{/fields}}{{first_time}}{{#plural}} to {{last_time}}{{/plural}} (UTC)

{{time_title}}  {{severity_title}}  {{host_title}}  {{app_title}}  Message
{{#records}}{{time_cell}}  {{severity_cell}}  {{host_cell}}  {{app_cell}}  {{detail}}
{{#event}}    rule: {{tag.event.rule}}, severity: {{tag.event.severity}}, {{tag.event.state}}, event {{tag.event}}
{{#event_key}}    key: {{tag.event.key}}
{{/event_key}}    count: {{tag.event.count}}, first: {{tag.event.first}}, last: {{tag.event.last}}
{{#event_fields}}    {{name}}: {{value}}
{{/event_fields}}{{/event}}{{/records}}{{#more}}
... and {{more}} more, which are in the store.
{{/more}}
-- 
Sent by Cistern, target "{{target}}".
)";

inline constexpr char kMailHtml[] = R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{count}} records</title>
</head>
<body style="margin:0;padding:24px 12px;background:#f1f5f9;font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;color:#0f172a">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="max-width:1100px;margin:0 auto;background:#ffffff;border:1px solid #e2e8f0;border-radius:8px">
<tr><td style="padding:20px 24px 16px 24px;border-bottom:1px solid #e2e8f0">
<div style="font-size:20px;font-weight:600;line-height:28px">{{count}} record{{#plural}}s{{/plural}}{{#group}} of {{group}}{{/group}}</div>
<div style="font-size:14px;line-height:20px;color:#475569;padding-top:4px">{{first_time}}{{#plural}} to {{last_time}}{{/plural}} UTC</div>
{{#fields}}<div style="font-size:14px;line-height:20px;color:#475569"><span style="color:#64748b">{{name}}:</span> {{value}}</div>
{{/fields}}</td></tr>
<tr><td style="padding:8px 12px 12px 12px">
<table width="100%" cellpadding="0" cellspacing="0" style="border-collapse:collapse;font-size:13px;line-height:18px">
<tr style="text-align:left;color:#64748b">
<th style="padding:8px 12px;font-weight:600;border-bottom:1px solid #e2e8f0">Time</th>
<th style="padding:8px 12px;font-weight:600;border-bottom:1px solid #e2e8f0">Severity</th>
<th style="padding:8px 12px;font-weight:600;border-bottom:1px solid #e2e8f0">Host</th>
<th style="padding:8px 12px;font-weight:600;border-bottom:1px solid #e2e8f0">App</th>
<th style="padding:8px 12px;font-weight:600;border-bottom:1px solid #e2e8f0">Message</th>
</tr>
{{#records}}<tr style="vertical-align:top">
<td style="padding:6px 12px;white-space:nowrap;color:#475569;border-bottom:1px solid #f1f5f9">{{time}}</td>
<td style="padding:6px 12px;border-bottom:1px solid #f1f5f9"><span style="padding:1px 8px;border-radius:9px;font-weight:600;font-size:12px;color:{{colour}};background:{{background}}">{{severity}}</span></td>
<td style="padding:6px 12px;white-space:nowrap;border-bottom:1px solid #f1f5f9">{{host}}</td>
<td style="padding:6px 12px;white-space:nowrap;border-bottom:1px solid #f1f5f9">{{app}}</td>
<td style="padding:6px 12px;border-bottom:1px solid #f1f5f9;font-family:ui-monospace,Menlo,Consolas,monospace;white-space:pre-wrap;word-break:break-word">{{message:pre_escape}}{{#event}}
<div style="padding-top:4px;color:#475569;font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif">rule: {{tag.event.rule}}, severity: {{tag.event.severity}}, {{tag.event.state}}, event {{tag.event}}
{{#event_key}}key: {{tag.event.key}}
{{/event_key}}count: {{tag.event.count}}, first: {{tag.event.first}}, last: {{tag.event.last}}{{#event_fields}}
{{name}}: {{value}}{{/event_fields}}</div>{{/event}}</td>
</tr>
{{/records}}</table>
{{#more}}<div style="padding:12px;font-size:13px;color:#475569">and {{more}} more, which are in the store</div>
{{/more}}</td></tr>
<tr><td style="padding:12px 24px;border-top:1px solid #e2e8f0;font-size:12px;color:#94a3b8">Sent by Cistern, target {{target}}</td></tr>
</table>
</body>
</html>
)";

}  // namespace cistern
