from bot.instance import Instance


def test_a_restart_keeps_the_name_and_a_second_process_gets_another(tmp_path):
    first = Instance(tmp_path)
    second = Instance(tmp_path)
    assert first.name != second.name
    first.release()
    again = Instance(tmp_path)
    assert again.name == first.name
    again.release()
    second.release()
