"""A prompt with all that hangs on it, for tests of other matters."""

from typing import Any

from makers import Client

EXAMPLES: list[dict[str, Any]] = [
    {"name": "ada", "variables": {"name": "Ada"}, "expect": [{"contains": "Ada"}]},
]


async def prompted(client: Client) -> str:
    """Let somebody make a prompt, test it, try its versions against each other, and judge an answer."""
    await client.call("prompts.create_prompt", name="greeting", text="Greet {{ name }}.")
    await client.call("prompts.add_prompt_version", name="greeting", text="Hello {{ name }}.")
    await client.call("prompts.move_prompt_label", name="greeting", label="production", version=1)
    await client.call("prompts.set_prompt_examples", name="greeting", examples=EXAMPLES)
    started = await client.call("prompts.start_prompt_test", name="greeting")
    await client.call("jobs.get_job", job_id=started.job_id, wait_s=30)
    arms = [{"arm": "now", "version": 1}, {"arm": "new", "version": 2}]
    await client.call("prompts.start_prompt_experiment", name="greeting", arms=arms)
    told = await client.call("prompts.run_prompt", name="greeting", variables={"name": "Ada"})
    await client.call("generation.judge_trace", trace_id=told.answer.trace_id, value=1)
    await client.call("generation.set_caching", exact=True)
    return str(started.test_id)
