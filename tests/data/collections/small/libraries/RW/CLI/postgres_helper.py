from .CLI import run_cli


def ask_database(question):
    return run_cli(cmd=f"echo asked {question}", include_in_history=False).stdout.strip()
