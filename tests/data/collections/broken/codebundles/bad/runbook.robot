*** Tasks ***
Bad ÿþ
    Log    x
