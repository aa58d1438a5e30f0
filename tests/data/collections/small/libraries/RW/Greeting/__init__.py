from RW import CLI, platform
from RW.CLI.postgres_helper import ask_database
from RW.Core import Core


def greet(name):
    Core().add_to_report(f"{CLI.run_cli('echo -n hello').stdout} {name}")
    platform.debug_log("greeted")
    return ask_database(name)


def fall_ill(reason):
    raise platform.TaskFailure(reason)
