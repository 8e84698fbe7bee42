"""Which role may do what, by hand: the table that the families hold the house against."""

from transports.samples import OPERATIONS

NAMES = sorted(OPERATIONS)
STRANGERS = {
    *("people.sign_in", "people.look_at_code", "people.accept_invitation", "people.confirm_email"),
    *("people.request_password_reset", "people.reset_password", "people.finish_sign_in"),
    *("people.ask_for_passkey", "people.sign_in_with_passkey"),
    *("authorization.check_authorization", "authorization.register_client", "authorization.get_keys"),
    *("authorization.grant_token", "authorization.redeem_code", "authorization.refresh_token"),
    *("authorization.revoke_token", "authorization.introspect_token", "authorization.end_session"),
    *("federation.find_connection", "federation.start_sign_in", "federation.get_metadata"),
    *("federation.finish_oidc", "federation.finish_saml"),
    *("widgets.look_at_widget", "widgets.visit_widget"),
}
"""By which strangers become known: answered without credentials, and apart from what anybody may."""
KNOWN = [name for name in NAMES if name not in STRANGERS]
ACCOUNT = {
    *("people.list_sessions", "people.end_session", "people.end_other_sessions", "people.list_memberships"),
    *("people.change_password", "people.change_email", "people.list_factors", "people.begin_app"),
    *("people.confirm_app", "people.remove_app", "people.make_recovery_codes"),
    *("people.list_passkeys", "people.begin_passkey", "people.add_passkey"),
    *("people.rename_passkey", "people.remove_passkey", "people.get_account"),
    *("authorization.approve_authorization", "authorization.get_userinfo"),
    *("authorization.list_authorizations", "authorization.revoke_authorization"),
    "gateway.get_limits",
}
KEYS = {
    *("admin", "developer", "user", "researcher", "operations", "compliance_officer"),
    "provisioning",
}
USER = {
    *ACCOUNT,
    *(
        "identity.whoami",
        "jobs.get_job",
        "jobs.list_jobs",
        "knowledge.list_collections",
        "knowledge.get_collection",
    ),
    *("knowledge.list_documents", "knowledge.get_document", "knowledge.search", "knowledge.query"),
    *("knowledge.answer", "knowledge.stream_answer", "knowledge.give_feedback", "knowledge.list_faqs"),
    *(
        "language.analyze",
        "language.moderate",
        "language.extract_keywords",
        "language.summarize",
        "language.detect_language",
        "language.classify",
    ),
    *("knowledge.list_vector_stores", "knowledge.get_vector_store", "knowledge.search_vector_stores"),
    "knowledge.get_documents",
    *("knowledge.list_attached_files", "knowledge.get_attached_file", "knowledge.get_file_batch"),
    *("generation.complete", "generation.stream_complete", "generation.list_generators"),
    *("generation.keep_response", "generation.get_response", "generation.delete_response"),
    *("generation.judge_trace", "generation.get_caching"),
    *("prompts.run_prompt", "prompts.expose_prompt"),
    *("language.compare_texts", "language.embed", "language.rerank", "language.translate"),
    *("language.find_personal_data", "language.find_topics"),
}
TALKER = {
    *("assistant.understand", "assistant.take_turn", "assistant.stream_turn", "assistant.rate_turn"),
    *("assistant.list_conversations", "assistant.get_conversation", "assistant.export_turns"),
    *("assistant.follow_conversation", "assistant.call_person", "assistant.end_conversation"),
    "assistant.delete_conversation",
    *("assistant.get_memory", "assistant.choose_memory", "assistant.change_fact"),
    *("assistant.forget_fact", "assistant.forget_facts"),
}
BOT_MAKER = {
    *("assistant.create_bot", "assistant.list_bots", "assistant.get_bot", "assistant.update_bot"),
    *("assistant.delete_bot", "assistant.train_bot", "assistant.use_model", "assistant.list_feedback"),
    *("assistant.review_feedback", "assistant.suggest_intents", "assistant.accept_suggestion"),
    *("widgets.create_widget", "widgets.list_widgets", "widgets.update_widget", "widgets.delete_widget"),
}
PROMPT_READER = {
    *("prompts.list_prompts", "prompts.get_prompt", "prompts.list_prompt_labels", "prompts.render_prompt"),
    *("prompts.list_prompt_versions", "prompts.compare_prompt_versions", "prompts.get_prompt_examples"),
    *("prompts.list_prompt_tests", "prompts.get_prompt_test", "prompts.list_prompt_experiments"),
    "prompts.get_prompt_experiment",
}
PROMPT_WRITER = PROMPT_READER | {
    *("prompts.create_prompt", "prompts.add_prompt_version", "prompts.move_prompt_label"),
    *("prompts.roll_back_prompt_label", "prompts.remove_prompt_label", "prompts.delete_prompt"),
    *("prompts.set_prompt_examples", "prompts.start_prompt_test", "prompts.start_prompt_experiment"),
    "prompts.stop_prompt_experiment",
}
DEVELOPER = (
    USER
    | PROMPT_WRITER
    | {
        *("generation.list_traces", "generation.get_trace"),
        *TALKER,
        *BOT_MAKER,
        *("jobs.retry_job", "jobs.cancel_job", "knowledge.create_collection", "knowledge.delete_collection"),
        *(
            "knowledge.add_document",
            "knowledge.add_documents",
            "knowledge.upload_document",
            "knowledge.add_url",
        ),
        *("knowledge.delete_document", "knowledge.evaluate", "knowledge.add_faq", "knowledge.delete_faq"),
        *("knowledge.suggest_faqs", "knowledge.rebuild", "knowledge.delete_documents"),
        *("knowledge.create_vector_store", "knowledge.update_vector_store", "knowledge.delete_vector_store"),
        *("knowledge.attach_files", "knowledge.update_attached_file", "knowledge.detach_file"),
        *("knowledge.cancel_file_batch", "files.upload_file", "files.list_files", "files.get_file"),
        *("files.get_file_part", "files.delete_file", "files.start_upload", "files.add_upload_part"),
        *("files.complete_upload", "files.cancel_upload"),
    }
)
LISTS = {
    *ACCOUNT,
    *("identity.whoami", "jobs.get_job", "jobs.list_jobs"),
    *("knowledge.list_collections", "knowledge.get_collection"),
    *("knowledge.list_vector_stores", "knowledge.get_vector_store"),
}
OPERATORS = {
    *("privacy.describe_keys", "privacy.rotate_keys"),
    *("gateway.list_tiers", "gateway.get_tier", "gateway.replace_tier", "gateway.delete_tier"),
}
PROVISIONING = {
    *("directory.create_group", "directory.list_groups", "directory.get_group", "directory.update_group"),
    *("directory.delete_group", "directory.provision_user", "directory.list_provisioned_users"),
    *("directory.get_provisioned_user", "directory.replace_provisioned_user", "directory.deprovision_user"),
}
"""What only the operator's tenant may, beside what looks after tenants and says so by its name."""
MAY = {
    "admin": set(KNOWN),
    "developer": DEVELOPER,
    "user": USER | TALKER,
    "researcher": (USER - {"knowledge.give_feedback"}) | PROMPT_READER | {"knowledge.evaluate"},
    "operations": LISTS
    | {"jobs.retry_job", "jobs.cancel_job", "knowledge.rebuild", "gateway.get_usage", "gateway.get_quotas"},
    "provisioning": ACCOUNT | PROVISIONING | {"identity.whoami"},
    "compliance_officer": LISTS
    | {
        *("identity.list_keys", "identity.get_key", "gateway.get_key_quotas"),
        *("identity.list_permissions", "identity.list_roles", "identity.get_role"),
        *(name for name in NAMES if OPERATIONS[name].may in {"audit:read", "privacy:read"}),
    },
}
"""Which role may do what, written by hand: a new operation has to be put here."""
